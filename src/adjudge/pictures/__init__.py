"""Pictures as SVG text, drawn by small pure functions, and the page that holds them."""
