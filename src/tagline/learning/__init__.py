"""Training: the loop and what it needs, and taggers that are fitted without one."""
