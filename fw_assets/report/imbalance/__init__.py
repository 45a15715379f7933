"""What accuracy hides where labels are not equally frequent: figures that count every label alike, the majority trap.

Imported by the sections; imports none of them.
"""
