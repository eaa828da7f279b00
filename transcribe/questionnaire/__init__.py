"""What participants wrote in a questionnaire: reading it, and bringing it into the study."""
