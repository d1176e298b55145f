"""What an action is: built from records, told in words and numbers, checked again when edited and when it runs."""
