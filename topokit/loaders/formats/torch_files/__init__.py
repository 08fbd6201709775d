"""What ``torch.save``, ``torch.jit.save`` and ``torch.distributed.checkpoint`` write, read without PyTorch."""
