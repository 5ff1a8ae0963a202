"""An MCP server over stdio, by which an agent verifies what it reads and writes."""
