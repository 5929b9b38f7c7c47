"""The sentences' frames.

{who} is the subject, {word} the emotion; the third slot names the form in which the units are listed, one of
`wording.FORMS`. A frame says nothing of its own about the face, the voice or the mood, and shares few words
with the others.
"""

SUBJECTS = ("the person", "the speaker")

MOVING = (
    "The person is {word} and {finite} while speaking.",
    "{who} looks {word} in conversation, {gerund}.",
    "{who} talks with {absolute}, and seems {word}.",
    "{who} appears to be {word}; {clause}.",
    "The recording has {who}, evidently {word}, talking with {nominal}.",
    "While talking, {who} {finite}, looking {word}.",
    "{gerund}, {who} comes across as {word}.",
    "With {absolute}, {who} delivers the line and appears {word}.",
    "As the talk goes on, {clause}: this is someone {word}.",
    "There is {nominal} as {who}, apparently {word}, gets to the point.",
    "In this clip {who} feels {word} and {finite}.",
    "Feeling {word}, {who} says something, {gerund}.",
    "This is someone {word}, talking with {absolute}.",
    "{clause} as {who} gets the message across, seemingly {word}.",
    "A viewer would call {who} {word}: there is {nominal}.",
    "Someone {word} is on camera here and {finite} with every phrase.",
    "One would say that {who} is {word}, {gerund} in mid-sentence.",
    "The impression is of someone {word}, with {absolute} at each syllable.",
    "{who} gives the impression of being {word}: {clause}.",
    "{who}, plainly {word}, makes a remark with {nominal}.",
)
"""For faces with action units."""

STILL = (
    "The person is {word} while speaking.",
    "A viewer would call {who} {word}.",
    "{who} comes across as {word} in conversation.",
    "The recording has someone {word} on camera.",
    "Feeling {word}, {who} says something.",
    "In this clip {who} talks and seems {word}.",
    "As the talk goes on, {who} appears to be {word}.",
    "{who} gives the impression of being {word}.",
    "{who} delivers the line looking {word}.",
    "This is what someone {word} looks like in the middle of a sentence.",
    "While talking, {who} seems {word} at every syllable.",
    "{who}, evidently {word}, makes a remark.",
    "One would say that {who} is {word} here.",
    "From the first phrase to the last, {who} remains {word}.",
    "The mood of {who} can be told at once: {word}.",
    "Somebody {word} is addressing the listener.",
    "Anybody watching would describe {who} as {word}.",
    "To judge by the picture, {who} is {word}.",
    "Seen during a speech, {who} appears {word}.",
    "{who} gets to the point, by all appearance {word}.",
)
"""For faces without."""
