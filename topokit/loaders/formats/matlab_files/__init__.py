"""What MATLAB files of both kinds have in common, and the elements of the older kind.

Source: MathWorks, MAT-File Format (https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf), chapter 1.
"""
