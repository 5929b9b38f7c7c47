"""Review: a local page on which a person looks at the clips that witnesses contradict each other about."""
