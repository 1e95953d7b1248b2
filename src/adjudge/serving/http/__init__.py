"""The reward as an HTTP service: `app.make_app` is an ASGI application, `server` runs it in one process or several."""
