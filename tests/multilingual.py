# ruff: noqa: E501
"""Two hundred honest sentences and names, as customers write them, in many scripts."""

from __future__ import annotations

_WORDS = """
Where is my order?|¿Dónde está mi pedido?|Où est ma commande ?|Wo ist meine Bestellung?|Dov’è il mio ordine?
Onde está a minha encomenda?|Waar is mijn bestelling?|Hvor er ordren min?|Hvor er min ordre?|Var är min beställning?
Missä tilaukseni on?|Hvar er pöntunin mín?|Gdzie jest moje zamówienie?|Kde je moje objednávka?|Kde je moja zásielka?
Hol van a rendelésem?|Unde este comanda mea?|Siparişim nerede?|Sifarişim haradadır?|Ku është porosia ime?
Где мой заказ?|Де моє замовлення?|Дзе мой заказ?|Къде е поръчката ми?|Где је моја наруџбина?|Каде е мојата нарачка?
Πού είναι η παραγγελία μου;|Որտե՞ղ է իմ պատվերը|სად არის ჩემი შეკვეთა?|Менің тапсырысым қайда?|Миний захиалга хаана байна?
איפה ההזמנה שלי?|שָׁלוֹם, מָה שְׁלוֹמְךָ?|أين طلبي؟|السَّلَامُ عَلَيْكُمْ وَرَحْمَةُ اللهِ|سفارش من کجاست؟|نمی‌خواهم آن را نگه دارم|کتاب‌های من نرسیده‌اند
میرا آرڈر کہاں ہے؟|زما امر چیرته دی؟|داواکارییەکەم لە کوێیە؟|بۇيرۇتمام قېنى؟|ܫܠܡܐ ܥܠܝܟܘܢ|ދިވެހި ބަސް|ߒߞߏ ߞߊ߲
मेरा ऑर्डर कहाँ है?|क्‍षमा कीजिए|श्री गणेश, धन्यवाद|माझी ऑर्डर कुठे आहे?|मेरो अर्डर कहाँ छ?|আমার অর্ডার কোথায়?|র‍্যাম কার্ড নষ্ট
ਮੇਰਾ ਆਰਡਰ ਕਿੱਥੇ ਹੈ?|મારો ઓર્ડર ક્યાં છે?|ମୋ ଅର୍ଡର କେଉଁଠାରେ?|என் ஆர்டர் எங்கே?|ஸ்ரீ ராமன்|నా ఆర్డర్ ఎక్కడ ఉంది?|క్‌లు
ನನ್ನ ಆರ್ಡರ್ ಎಲ್ಲಿದೆ?|ಅರ್‍ಥ|എന്റെ ഓർഡർ എവിടെ?|അവന്‍ പറഞ്ഞു|മലയാളം|මගේ ඇණවුම කොහෙද?|ශ්‍රී ලංකාව|ක්‍ෂණික
คำสั่งซื้อของฉันอยู่ที่ไหน|ขอบคุณค่ะ ได้รับแล้ว|ຄໍາສັ່ງຊື້ຂອງຂ້ອຍຢູ່ໃສ|ကျွန်ုပ်၏ အော်ဒါ ဘယ်မှာလဲ|ការបញ្ជាទិញរបស់ខ្ញុំនៅឯណា?|ང་ཡི་མངགས་ཉོ་ག་པར་ཡོད།
我的订单在哪里？|我的訂單在哪裡？|「多謝」，我收到咗。|注文はどこですか？|ご確認ください（至急）。|ﾊﾝｶｸ ｶﾀｶﾅ|髙橋﨑さん|㈱山田商店|제 주문은 어디에 있나요?|감사합니다!
한국어 파일|ꆈꌠꉙ|ᎣᏏᏲ|ᐃᓄᒃᑎᑐᑦ|ትዕዛዜ የት ነው?|ትእዛዘይ ኣበይ ኣሎ?|ⵜⴰⵎⴰⵣⵉⵖⵜ|ⲙⲉⲧⲣⲉⲙⲛ̀ⲭⲏⲙⲓ|ꦧꦱꦗꦮ|ᮘᮞ ᮞᮥᮔ᮪ᮓ|ᬪᬵᬱᬩᬮᬶ
Đơn hàng của tôi ở đâu?|Tiếng Việt: ắ ằ ẳ ẵ ặ|Đơn hàng|Pesanan saya di mana?|Nasaan ang order ko?|Aia i hea kaʻu kauoha?
Oda yangu iko wapi?|Ina odar ta take?|Níbo ni àṣẹ mi wà?|Ebee ka iwu m dị?|I-oda yami iphi?|Aykaa dalabkaygii?
Cá bhfuil m’ordú?|Ble mae fy archeb?|Non é o meu pedido|Nire eskaera non dago?|On és la meva comanda?|Wou ass meng Bestellung?
Kur yra mano užsakymas?|Kur ir mans pasūtījums?|Kus on mu tellimus?|Fejn hi l-ordni tiegħi?|Gdje je moja narudžba?|Kje je moje naročilo?
👍|👍🏽|👩‍💻|👨‍👩‍👧‍👦|❤️|❤️‍🔥|🏳️‍🌈|🏴‍☠️|🇩🇪|🇯🇵 🇧🇷|1️⃣2️⃣3️⃣|#️⃣|*️⃣|☎️|✅ done|⚠️ careful|🙏🏿|🤷‍♀️|🤦🏼‍♂️|👁️‍🗨️|©️ 2026|™️|ℹ️|⭐️⭐️⭐️|☺️|🫠|🥹|🧑🏻‍🤝‍🧑🏿
Zoë|Łukasz Żółć|François Lefèvre|Jürgen Weiß|Siobhán Ní Bhriain|Björk Guðmundsdóttir|Nguyễn Thị Minh Khai|Ángel Núñez|Çağla Şahin|Őry Ödön
Zoë (decomposed)|é à ô|S̈|ŵ|n̂ ấ
€120.00|£1,250.50|¥12,000|₹4,999|₩35,000|₺750|₽1 200|₴500|฿900|1 234,56 €|12 500 Kč|½ of it|2 × 3 ≠ 7|≥ 50 %|25 °C|№ 42|§ 433 BGB|“quoted” – „zitiert“ – «cité»
x² + y³|H₂O|½ ⅓ ¼|→ ← ↑ ↓|■ □ ▪ ▫ ● ○|─│┌┐└┘├┤|✓ ✗|★★★☆☆|… and more|naïve café|ﬁne ligature|ʰʷ|ə ɪ ʃ ŋ|ℵ₀|∑ ∫ √|𝒜𝓑|𝟘𝟙|🂡|♔|♞ ♠ ♥|☀ ☂|𐌰𐌱𐌲|𐍈|ᚠᚢᚦ|᚛ᚑᚌᚐᚋ᚜|𒀭|𓀀|ⴰⴱ|ꙮ|ḿ ṩ
Ships tomorrow?!|cc: ops@example.com|https://example.com/a?b=c&d=[e]|[@click=app.approve]yes[/]|[bold]not markup[/bold]|[/x]|{amount}|%s %d|<b>html</b>|`code` ~ ^ | \\ path C:\\temp
"""

TEXTS = (
    *(text.strip() for row in _WORDS.strip().splitlines() for text in row.split("|") if text.strip()),
    "two\nlines",
    "٠١٢٣٤٥٦٧٨٩",
    "۱۲۳۴",
    "०१२३",
    "\u0600١٢٣",
)
