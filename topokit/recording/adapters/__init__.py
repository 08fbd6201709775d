"""From the objects of a framework to networks; each file needs its framework, and nothing else imports it early."""
