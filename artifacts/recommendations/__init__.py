"""What a teacher may want next: own, shared and starter material, each with its reason."""
