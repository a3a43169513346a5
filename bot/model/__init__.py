"""What Kith talks about: ids, texts, content, events, limits. Plain, frozen, standard library only."""
