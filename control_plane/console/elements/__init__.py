"""What pages are made of: native HTML, one noun a file."""
