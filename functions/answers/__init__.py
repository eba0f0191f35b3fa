"""HTTP requests and answers of function URLs, as all functions with pages or calls read and give them."""
