package netpoll

// OS returns the operating system. On systems that this package has no Kernel
// for, its methods return an error that says so.
func OS() System { return newSystem() }
