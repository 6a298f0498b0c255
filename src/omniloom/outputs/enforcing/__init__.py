"""Whether a grammar can enforce a JSON Schema: rewriting what it does not take as it stands, naming what it cannot."""
