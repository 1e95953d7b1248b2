"""Shipped fakes: scripted and lying judges, builders of samples and rollouts, a server that fails on request."""
