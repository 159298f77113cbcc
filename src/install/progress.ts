/**
 * Is told what setup is doing.
 *
 * @param step one phrase, such as `fetching libtorch`
 * @param detail what changes within the step, such as the file being compiled
 */
export type Progress = (step: string, detail?: string) => void;
