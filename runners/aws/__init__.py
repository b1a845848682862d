"""AWS: credentials, the image registry ECR, and releases on ECS. Only here is the SDK of AWS known."""
