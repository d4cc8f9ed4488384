"""The hands: Celery tasks that execute runs, conclude verifications and sweep up."""
