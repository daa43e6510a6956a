"""What people may do here: a button, a question that says what will happen, one write."""
