"""What accuracy hides where labels are not equally frequent, or mistakes not equally dear.

Figures that count every label alike, the majority trap, costs of mistakes.

Imported by the sections; imports none of them.
"""
