"""What runs the models on a phone: our runner with a LiteRT, the demo app, benchmark_model."""
