"""Preprocessing of skeletons: pure functions on one walk, one concept a file; `preprocessing` puts them in order.

Joints are float [T, J, A]: A = 3 in metres with y up, or A = 2 in the image with y down. Nothing loops over frames or
joints. A walk of 600 frames of 20 joints takes a few milliseconds (`python -m benchmarks.pose_preprocessing`).
"""
