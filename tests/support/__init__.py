"""What tests share: databases, running services, the brute-force oracle, generators and readers of output."""
