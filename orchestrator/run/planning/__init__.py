"""What a sweep would cost and tell, before anything is sent."""
