enum SelfTest {
  static func run() throws(Failure) {}
}
