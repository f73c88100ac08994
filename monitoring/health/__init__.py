"""Whether eduhu can do its work: checks of what it needs, probes of what it offers."""
