"""Old tickets through the AI path without effects, beside what people did."""
