"""crossjudge as a part of other frameworks: a module each, named after the extra that brings the framework."""
