"""The 68 points of the iBUG (Multi-PIE) markup in terms of MediaPipe landmarks.

Each point is the mean of the landmarks named here. Points of the jaw's silhouette (0 to 16) move over the
skin as the head turns, so only the chin has a counterpart. Where the two markups have a point in common, they
are those of the table by P. Yan, github.com/PeizhiYan/Mediapipe_2_Dlib_Landmarks (MIT). Where they space
their points differently (brows, alae, between the lips' middle and corners) it is what MediaPipe's landmarker
finds nearest to each point on pictures of the ICT-FaceKit face, on which the 68 are marked.
"""

CHIN = 8

IBUG_TO_MEDIAPIPE: dict[int, tuple[int, ...]] = {
    CHIN: (152,),
    # right brow, from the temple to the nose; MediaPipe has its upper and its lower edge
    **{17: (70,), 18: (63, 53), 19: (105, 52, 66, 65), 20: (66, 65, 107, 55), 21: (107, 55)},
    **{26: (300,), 25: (293, 283), 24: (334, 282, 296, 295), 23: (296, 295, 336, 285), 22: (336, 285)},
    # bridge of the nose from above, tip, then below it from right to left
    **{27: (168, 6), 28: (197,), 29: (195, 5), 30: (4,)},
    **{31: (98, 240), 32: (97,), 33: (2,), 34: (326,), 35: (327, 460)},
    # right eye: outer corner, upper lid, inner corner, lower lid; left eye: inner corner first
    **{36: (33,), 37: (160,), 38: (158,), 39: (133,), 40: (153,), 41: (144,)},
    **{42: (362,), 43: (385,), 44: (387,), 45: (263,), 46: (373,), 47: (380,)},
    # outer rim of the lips: upper from the right corner to the left, then lower back
    **{48: (61,), 49: (39, 40), 50: (37,), 51: (0,), 52: (267,), 53: (269, 270), 54: (291,)},
    **{55: (321,), 56: (314, 405), 57: (17,), 58: (84, 181), 59: (91,)},
    # inner rim, the same way round
    **{60: (78,), 61: (81,), 62: (13,), 63: (311,), 64: (308,), 65: (402,), 66: (14,), 67: (178,)},
}
