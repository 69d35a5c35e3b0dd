"""Independent implementations that judge the product's: straightforward, slow, sharing no code with it."""
