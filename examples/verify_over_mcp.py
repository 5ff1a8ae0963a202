"""What an agent does with `crossjudge mcp`: starts it, sees what it can do, checks an answer. Needs the extra mcp."""

import asyncio
import sys

from mcp import Client, StdioServerParameters

# An agent's settings name the command "crossjudge" with the argument "mcp"; this is the same for this very Python.
SERVER = StdioServerParameters(command=sys.executable, args=["-m", "crossjudge", "mcp"])

SOURCES = ["The ferry Alma was built in 1974. She carries 240 passengers and 40 cars.", "Dogs travel free."]
ANSWER = "The Alma was built in 1974. She carries 300 passengers. Dogs travel for free."


async def main() -> None:
    """One conversation."""
    async with Client(SERVER) as client:
        print("tools:", ", ".join(tool.name for tool in (await client.list_tools()).tools))
        result = await client.call_tool("check_answer", {"sources": SOURCES, "answer": ANSWER})
        for claim in result.structured_content["claims"]:
            print(f"{claim['outcome']:13} {claim['claim']}")
        wrong = await client.call_tool("check_answer", {"answer": ANSWER})
        print(f"a mistake: {wrong.content[0].text}")


asyncio.run(main())
