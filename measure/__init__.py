"""Long measurements over a folder of development data: `make measure DATA=DIR`. Not part of the package."""
