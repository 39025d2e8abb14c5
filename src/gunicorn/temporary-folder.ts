/** The variables that name the folder for temporary files, in the order in which Python asks for them. Source: `tempfile._candidate_tempdir_list`. */
export const temporaryFolderVariables = ['TMPDIR', 'TEMP', 'TMP'] as const
