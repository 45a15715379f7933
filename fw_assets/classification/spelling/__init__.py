"""Labels as people write them: the text without what is around it, what all spellings share, lists in one text.

Import `label_text` and `label_lists`. May import `visible_text` alone.
"""
