"""Documents that are made: by an AI service that is held to the schema, or from templates."""
