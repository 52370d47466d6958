"""OpenCV, loaded with the settings that it reads only while it loads; import `cv2` from here."""

import os
from typing import Final

import numpy as np
import numpy.typing as npt

# Without it a stalled camera blocks read() for 10 s (measured on V4L2).
os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] = "2"
# A picture file may say that it is 32,768 pixels wide and high: a gigabyte of grey.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(1 << 26)
# opencv#26519: for a missing camera it warns that V4L2 cannot open one by its path; it can.
os.environ["OPENCV_LOG_LEVEL"] = os.environ.get("OPENCV_LOG_LEVEL", "ERROR")

import cv2

cv2.setNumThreads(1)  # the machine has other things to do, and small frames gain nothing

Gray = npt.NDArray[np.uint8]
"""A grey picture: uint8, shape (height, width)."""

Image = npt.NDArray[np.integer | np.floating]
"""What cv2 returns for a picture, in its own words."""

SELECT_TIMEOUT_S: Final = 2.0  # as set above
VISION_FAULTS: Final = (cv2.error, ValueError, TypeError, RuntimeError)
"""What cv2 and zxing-cpp raise on pictures they cannot use."""

__all__ = ["SELECT_TIMEOUT_S", "VISION_FAULTS", "Gray", "Image", "cv2"]
