"""Yuanliu: one catalog in, a bilingual site out, with every claim run."""
