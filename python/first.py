"""A first picture: the town in the swirl's style, to result.png. Run it from the root of a clone."""

import impasto

painting = impasto.transfer("assets/town.jpg", "assets/swirl.jpg", size=256)
painting.save("result.png")
print(painting)
