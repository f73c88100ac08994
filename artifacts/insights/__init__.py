"""What teachers' own rows say about their work: numbers, hints, and one learned guess."""
