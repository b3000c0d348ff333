"""A model for other runtimes than PyTorch: ONNX graphs from sound to face."""
