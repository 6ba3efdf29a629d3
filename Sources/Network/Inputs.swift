/// What a caller hands in for some steps of all sequences.
enum Inputs<Scalar: Real> {
  /// x [T, B, X].
  case rows(In<Scalar>)
  /// [T, B]: the channel of the one 1 in a row x; -1 for a row of zeros.
  case tokens(UnsafePointer<Int32>)

  var areTokens: Bool {
    switch self {
    case .rows: false
    case .tokens: true
    }
  }

  /// The same without the first `steps` steps.
  func dropping(steps: Int, _ c: Configuration) -> Inputs {
    switch self {
    case .rows(let x): .rows(x + steps * c.B * c.X)
    case .tokens(let tokens): .tokens(tokens + steps * c.B)
    }
  }
}

extension Step {
  /// Keeps the inputs of sequence b in the record.
  @inline(never) func keep(_ inputs: Inputs<Scalar>, steps: Int, row: Int, of b: Int) {
    switch inputs {
    case .rows(let inputs):
      let x = planes[.input].matrix(of: b, from: row)
      for t in 0..<steps { copyValues(c.X, inputs + (t * c.B + b) * c.X, to: x[t]) }
    case .tokens(let inputs):
      let tokens = planes.whole(.token).matrix(of: b, from: row)
      for t in 0..<steps { tokens[t][0] = UInt32(bitPattern: inputs[t * c.B + b]) }
    }
  }

  /// The tokens of the step's sequences in a row of the record; nil if it keeps rows.
  func tokens(_ row: Int) -> Linear.Tokens? {
    tokens(planes.whole(.token).matrix(from: row, sequence: sequences.lowerBound))
  }

  /// - Parameter rows: of the plane of tokens.
  func tokens(_ rows: MutableRows<UInt32>) -> Linear.Tokens? {
    c.takesTokens ? Linear.Tokens(rows: rows.reading) : nil
  }
}
