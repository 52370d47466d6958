"""The owner's pages: plain HTML that works without JavaScript; staff sign in to see them."""
