"""What hides a number from whoever adds it up: Paillier encryption, packing, masks, openings.

May import `wire` and the ground.
"""
