"""The reward for other people's trainers: an AWS Lambda function, an HTTP service."""
