"""What every request passes before its route, as plain ASGI: observation, keys, body limits."""
