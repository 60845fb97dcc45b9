"""An answer built from ten calls to other services."""
