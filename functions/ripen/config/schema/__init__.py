"""What marketers may write: one module of models for each rule file."""
