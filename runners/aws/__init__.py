"""AWS: accounts and how they are asked, the image registry ECR, and a package for each service that does work.

Only here is the SDK of AWS known.
"""
