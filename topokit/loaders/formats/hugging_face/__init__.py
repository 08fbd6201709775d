"""What Hugging Face puts beside tensors: configurations, packed weights."""
