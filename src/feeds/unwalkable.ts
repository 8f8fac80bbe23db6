/** Why a feed that Sekoia lists newest first cannot be followed, and which setting to change. */
export const newestFirstAdvice =
  "This feed cannot be followed: edit it in Sekoia and set Sort order to 'oldest first'."
