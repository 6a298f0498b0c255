"""Joins the rooms: load, generate, and the one door (`Run`) through which everything reaches an engine."""
