"""What can be trained by steps: models that recognise people, and networks that find their joints."""
