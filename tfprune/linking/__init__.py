"""Linking: from the tensors and ops of a .tflite back to a model's kernels and layers, by name."""

from tfprune.linking.kernels import link_kernels
from tfprune.linking.link import KernelLink

__all__ = ["KernelLink", "link_kernels"]
